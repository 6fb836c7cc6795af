/usr/bin/python3 -m venv venv
venv/bin/pip install streamlit==1.67.0
