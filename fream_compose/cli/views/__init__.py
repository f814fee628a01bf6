"""What people see: each view turns plain values into lines."""
