/usr/bin/python3 -m venv venv
venv/bin/pip install jupyterlab==4.6.6
