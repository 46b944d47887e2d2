def write_page(place, night, rows, needed):
    place.page.write_text("page")
    return (place.page,)
