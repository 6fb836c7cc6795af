PATH="/usr/bin:$PATH" npm install directus@12.4.0
