#!/bin/bash
# Ready means that Keycloak says so: its port is open about twelve seconds before the import has ended. The image has
# no curl, so this is bash alone.
exec 3<>/dev/tcp/127.0.0.1/9000 || exit 1
printf 'GET /health/ready HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
read -r -t 4 _ status _ <&3
[ "$status" = 200 ]
