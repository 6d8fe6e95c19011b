"""Read the rows of files as programs write them: text with separators, workbooks."""
