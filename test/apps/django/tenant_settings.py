import os
from shop.settings import *

DEBUG = False
SECRET_KEY = os.environ["DJANGO_SECRET_KEY"]
ALLOWED_HOSTS = [".localhost"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE_PATH"]}}
STATIC_ROOT = BASE_DIR / "static"
MIDDLEWARE.insert(1, "whitenoise.middleware.WhiteNoiseMiddleware")
