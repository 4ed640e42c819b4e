"""What every chapter rests on."""
