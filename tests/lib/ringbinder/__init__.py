"""What tests, benchmarks and the demo share: an appliance, a repository, a launch and a notebook, all real."""
