/usr/bin/python3 -m venv venv
venv/bin/pip install django==5.2.19 gunicorn==27.0.1 uvicorn==0.54.0 whitenoise==6.12.0
venv/bin/django-admin startproject shop .
DJANGO_SECRET_KEY=build DATABASE_PATH=:memory: venv/bin/python manage.py collectstatic --settings tenant_settings --noinput
