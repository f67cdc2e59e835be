"""charts: numbers into inline SVG. One chart a file; colours and sizes come from the page's style."""
