/usr/bin/python3 -m venv venv
venv/bin/pip install fastapi==0.165.0 uvicorn==0.54.0 websockets==17.4
