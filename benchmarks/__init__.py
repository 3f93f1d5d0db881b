"""Programs that measure datagen; the figures in the README come from here."""
