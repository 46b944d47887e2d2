"""What DaCHS says of the files that it serves as they are: it knows neither Parquet nor files without an ending."""

TYPES = {".parquet": "application/vnd.apache.parquet", ".fits": "image/fits", ".mjs": "text/javascript"}


def use_in_dachs():
    from gavo.web import constantrender
    from twisted.web import static

    static.File.contentTypes.update(TYPES)
    constantrender.StaticRenderer.defaultType = "text/plain"
