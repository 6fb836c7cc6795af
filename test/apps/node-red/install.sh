npm install node-red@5.0.7
