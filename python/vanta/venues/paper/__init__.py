"""The paper venue: fills at the quote, with the same maths as a real one."""
