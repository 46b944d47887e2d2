"""Reading and writing: the thin layer between files and the arrays and tables that science works on."""
