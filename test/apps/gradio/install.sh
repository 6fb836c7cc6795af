/usr/bin/python3 -m venv venv
venv/bin/pip install gradio==6.31.0
