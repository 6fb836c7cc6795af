npm install
NEXT_TELEMETRY_DISABLED=1 node node_modules/next/dist/bin/next build
