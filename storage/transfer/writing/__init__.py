"""Write the rows of a table as records, and as what people did about records."""
