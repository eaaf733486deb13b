"""A run's page, `report.html`: written while it trains, built again from the run's folder, and of several runs."""
