"""What is done once for a scan: its folder, whether it is used, its sources without artifacts and border, its images."""
