/usr/bin/python3 -m venv venv
venv/bin/pip install datasette==0.65.5 sqlite-utils==4.2.1
