"""What a document is written as: Markdown, HTML, PDF."""
