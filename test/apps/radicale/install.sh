/usr/bin/python3 -m venv venv
venv/bin/pip install radicale==3.9.0 gunicorn==27.0.1
