/usr/bin/python3 -m venv venv
venv/bin/pip install changedetection.io==0.60.10
