"""What a person looks at: the page of a night, with its zero points, seeing, residuals and a picture of each field.

``numbers`` says what is remembered of a scan, ``picture`` draws its Atlas fields, ``plots`` draws the night and
``page`` writes it all as plain HTML that needs nothing from elsewhere.
"""
