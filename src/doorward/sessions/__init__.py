"""Who is signed in: session rows, the tokens that prove them, assurance levels."""
