"""What a user of the gateway does from a shell: sign in for a token, list a server's tools, call one."""
