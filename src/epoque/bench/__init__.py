"""What every lab stands on; knows no lab."""
