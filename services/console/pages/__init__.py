"""How pages are made: templates, words, styles and scripts."""
