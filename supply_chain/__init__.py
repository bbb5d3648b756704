"""What the gateway is made of: known vulnerabilities in it, a list of it, and images that come out the same twice."""
