"""What is done once for a scan: is it used, its sources without artifacts and border, its images."""
