/* Rows of PostgreSQL's COPY (FORMAT binary) as the bytes of other formats, without Python in between.
 *
 * Used by copy_rows.py through ctypes, which gives the interpreter free while this works. A `struct job` is what is
 * known of one result; rows_fill takes rows from a connection that is in COPY OUT until a buffer is full, rows_feed
 * takes rows that were kept in a file. Both leave in `out` what can be sent.
 *
 * A row is the number of its fields (int16), and for each its length (int32, -1 for null) and bytes, all big-endian
 * (PostgreSQL documentation, COPY, "Binary Format"); so are the numbers of VOTable's BINARY and of FITS.
 */

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "written for processors whose numbers are little-endian"
#endif

/* Of libpq, whose headers need not be there. */
int PQgetCopyData(void *connection, char **data, int async);
int PQconsumeInput(void *connection);
int PQisBusy(void *connection);
int PQsocket(const void *connection);
void PQfreemem(void *data);

enum { MORE = 0, END = 1, NO_DATA_YET = 2, CONNECTION_FAILED = -1, BROKEN = -2 };
enum format { BINARY, BINARY2, CSV, TABLEDATA, COLUMNS, KEEP };
enum kind { BOOLEAN, INT2, INT4, INT8, FLOAT4, FLOAT8, TEXT, UNICODE };

struct bytes {
    uint8_t *data;
    size_t size, room;
};

/* One column. `null` stands for a null number (as many bytes as the number has) or boolean. */
struct field {
    int32_t kind;
    int32_t width;        /* characters of a text of fixed length; 0: as long as it is */
    int32_t has_null;     /* whether a null can be said at all */
    int32_t padding;      /* what fills up a text of fixed length */
    uint8_t null[8], no, yes;
    char null_text[30];   /* of a null number in TABLEDATA */
    /* found on the way */
    int32_t decimals;     /* of the last number: likely those of the next */
    int64_t longest;      /* characters of the longest text so far */
    struct bytes values, present;   /* COLUMNS: Parquet's PLAIN values; a bit for each row, set where not null */
    int64_t values_n;
};

struct job {
    void *connection;
    struct field *fields;
    const uint32_t *unprintable;   /* CSV: ranges of characters that Python does not print: first, last, ... */
    int64_t unprintable_n, limit, rows, group;   /* `group`: of COLUMNS, the row that it began with */
    int64_t waited;                              /* milliseconds, for the server */
    int32_t format, fields_n, base64, overflow, begun;
    struct bytes out, raw;
    char message[200];
};

/* ---- bytes that grow ---- */

static int make_room(struct bytes *bytes, size_t more)
{
    if (bytes->size + more <= bytes->room)
        return 1;
    size_t room = bytes->size + more + bytes->room / 2;
    uint8_t *data = realloc(bytes->data, room);
    if (!data)
        return 0;
    bytes->data = data;
    bytes->room = room;
    return 1;
}

static uint8_t *put(uint8_t *to, const void *from, size_t size)
{
    memcpy(to, from, size);
    return to + size;
}

static uint8_t *put_text(uint8_t *to, const char *text)
{
    return put(to, text, strlen(text));
}

static uint8_t *put_int32(uint8_t *to, uint32_t number)
{
    number = __builtin_bswap32(number);
    return put(to, &number, 4);
}

static uint32_t get_int32(const uint8_t *at)
{
    uint32_t number;
    memcpy(&number, at, 4);
    return __builtin_bswap32(number);
}

static uint64_t get_int64(const uint8_t *at)
{
    uint64_t number;
    memcpy(&number, at, 8);
    return __builtin_bswap64(number);
}

static int fail(struct job *job, const char *format, ...)
{
    va_list rest;
    va_start(rest, format);
    vsnprintf(job->message, sizeof job->message, format, rest);
    va_end(rest);
    return 0;
}

/* ---- texts: UTF-8, which PostgreSQL has checked ---- */

static uint32_t next_character(const uint8_t **at)
{
    const uint8_t *text = *at;
    if (text[0] < 0x80)
        return *at += 1, text[0];
    if (text[0] < 0xe0)
        return *at += 2, (text[0] & 0x1fu) << 6 | (text[1] & 0x3fu);
    if (text[0] < 0xf0)
        return *at += 3, (text[0] & 0x0fu) << 12 | (text[1] & 0x3fu) << 6 | (text[2] & 0x3fu);
    return *at += 4, (text[0] & 0x07u) << 18 | (text[1] & 0x3fu) << 12 | (text[2] & 0x3fu) << 6 | (text[3] & 0x3fu);
}

static int is_ascii(const uint8_t *text, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++)
        any |= text[i];
    return any < 0x80;
}

static int64_t characters(const uint8_t *text, size_t size)
{
    int64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number += (text[i] & 0xc0) != 0x80;
    return number;
}

/* The text with a question mark for each character that is not ASCII, at most `width` characters if that is not 0. */
static uint8_t *put_ascii(uint8_t *to, const uint8_t *text, size_t size, size_t width)
{
    if (is_ascii(text, size))
        return put(to, text, width && width < size ? width : size);
    const uint8_t *end = text + size, *begin = to;
    while (text < end && !(width && (size_t)(to - begin) == width)) {
        uint32_t character = next_character(&text);
        *to++ = character < 0x80 ? character : '?';
    }
    return to;
}

static uint8_t *put_utf16(uint8_t *to, const uint8_t *text, size_t size, size_t width)
{
    const uint8_t *end = text + size, *begin = to;
    while (text < end) {
        uint32_t character = next_character(&text);
        size_t units = character < 0x10000 ? 1 : 2;
        if (width && (to - begin) / 2 + units > width)
            break;
        if (units == 2) {
            character -= 0x10000;
            uint32_t high = 0xd800 | character >> 10;
            *to++ = high >> 8;
            *to++ = high;
            character = 0xdc00 | (character & 0x3ff);
        }
        *to++ = character >> 8;
        *to++ = character;
    }
    return to;
}

/* ---- numbers as texts, in the words of Python's repr ---- */

static const double POWERS[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { MOST_DECIMALS = 22 };

static uint8_t *put_integer(uint8_t *to, int64_t number)
{
    char digits[20];
    int n = 0;
    uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do
        digits[n++] = '0' + left % 10;
    while (left /= 10);
    if (number < 0)
        *to++ = '-';
    while (n)
        *to++ = digits[--n];
    return to;
}

/* A number whose first digit counts 10^exponent, as Python writes it: with an exponent below 1e-4 and from 1e16 on. */
static uint8_t *put_digits(uint8_t *to, const char *digits, int n, int exponent)
{
    if (exponent < -4 || exponent >= 16) {
        *to++ = digits[0];
        if (n > 1)
            *to++ = '.';
        to = put(to, digits + 1, n - 1);
        return to + sprintf((char *)to, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
    }
    if (exponent < 0) {
        to = put_text(to, "0.");
        for (int i = -1; i > exponent; i--)
            *to++ = '0';
        return put(to, digits, n);
    }
    for (int i = 0; i <= exponent; i++)
        *to++ = i < n ? digits[i] : '0';
    *to++ = '.';
    return n > exponent + 1 ? put(to, digits + exponent + 1, n - exponent - 1) : put_text(to, "0");
}

static uint8_t *put_decimal(uint8_t *to, int64_t whole, int decimals)
{
    uint8_t digits[20];
    int n = put_integer(digits, whole) - digits, exponent = n - 1 - decimals;
    while (n > 1 && digits[n - 1] == '0')
        n--;
    return put_digits(to, (char *)digits, n, exponent);
}

/* Whether these digits are read as the number: for a float also when it is read by way of a double. */
static int reads_as(int64_t whole, int exponent, double number, int is_float)
{
    char text[40];
    snprintf(text, sizeof text, "%llde%d", (long long)whole, exponent);
    double read = strtod(text, 0);
    if (!is_float)
        return read == number;
    float wanted = number;
    return (float)read == wanted && (float)nextafter(read, INFINITY) == wanted
           && (float)nextafter(read, -INFINITY) == wanted;
}

/* The shortest digits from which the number can be read again, by trying (for the few numbers that need it). Above a
 * power of two there is more room than below it, so there the digits next above the nearest may do. */
static uint8_t *put_long_way(uint8_t *to, double number, int is_float)
{
    int sure = number < (is_float ? 0x1p-126 : 0x1p-1022) ? 1 : is_float ? 6 : 15;   /* digits that it has at least */
    for (int n = sure;; n++) {
        char text[40];
        snprintf(text, sizeof text, "%.*e", n - 1, number);
        char *e = strchr(text, 'e');
        int exponent = atoi(e + 1) - (n - 1);
        if (n > 1)
            memmove(text + 1, text + 2, e - text - 1);   /* over the point */
        int64_t whole = strtoll(text, 0, 10);
        for (int more = 0; more < 2; more++)
            if (n == 17 || reads_as(whole + more, exponent, number, is_float))
                return put_decimal(to, whole + more, -exponent);
    }
}

/* With d decimals a number of up to 15 digits is whole / 10^d, rounded once: what is found so is the shortest. */
static uint8_t *put_double(uint8_t *to, double number, struct field *field)
{
    if (number == 0)
        return put_text(to, "0.0");
    for (int d = number * POWERS[field->decimals] < 1e15 ? field->decimals : 0; d <= MOST_DECIMALS; d++) {
        double scaled = number * POWERS[d];
        if (scaled >= 1e15)
            break;
        int64_t whole = llrint(scaled);
        if (whole / POWERS[d] == number) {
            field->decimals = d;
            for (; d && whole % 10 == 0; d--)
                whole /= 10;
            return put_decimal(to, whole, d);
        }
    }
    return put_long_way(to, number, 0);
}

/* The same for the 9 digits of a float, where fewer may do: a float cannot tell all numbers of 9 digits apart. */
static uint8_t *put_float(uint8_t *to, float number, struct field *field)
{
    int exponent;
    if (number == 0)
        return put_text(to, "0.0");
    if (number < 1e-4f || number >= 0x1p24f || frexpf(number, &exponent) == 0.5f)
        return put_long_way(to, number, 1);
    for (int d = number * POWERS[field->decimals] < 1e9 ? field->decimals : 0; d <= MOST_DECIMALS; d++) {
        int64_t whole = llrint(number * POWERS[d]), shorter;
        if ((float)(whole / POWERS[d]) != number)
            continue;
        for (; d; d--, whole = shorter) {
            shorter = llrint(number * POWERS[d - 1]);
            if ((float)(shorter / POWERS[d - 1]) != number)
                break;
        }
        field->decimals = d;
        return put_decimal(to, whole, d);
    }
    return put_long_way(to, number, 1);
}

static uint8_t *put_real(uint8_t *to, const uint8_t *at, struct field *field, const char *nan)
{
    union { uint32_t bits; float number; } small;
    union { uint64_t bits; double number; } large;
    double number;
    if (field->kind == FLOAT4) {
        small.bits = get_int32(at);
        number = small.number;
    } else {
        large.bits = get_int64(at);
        number = large.number;
    }
    if (number != number)
        return put_text(to, nan);
    if (signbit(number))
        *to++ = '-';
    number = fabs(number);
    if (isinf(number))
        return put_text(to, "inf");
    return field->kind == FLOAT4 ? put_float(to, (float)number, field) : put_double(to, number, field);
}

static int64_t get_integer(const uint8_t *at, int kind)
{
    if (kind == INT2)
        return (int16_t)(at[0] << 8 | at[1]);
    return kind == INT4 ? (int64_t)(int32_t)get_int32(at) : (int64_t)get_int64(at);
}

/* ---- rows of each format: from `at`, a field after its length, to `to`, which has room enough ---- */

static const int SIZES[] = {1, 2, 4, 8, 4, 8};

static uint8_t *put_binary_text(uint8_t *to, const uint8_t *at, int32_t size, const struct field *field)
{
    size_t length = size < 0 ? 0 : size, unit = field->kind == UNICODE ? 2 : 1;
    uint8_t *begin = field->width ? to : to + 4;
    uint8_t *end = unit == 2 ? put_utf16(begin, at, length, field->width) : put_ascii(begin, at, length, field->width);
    if (!field->width) {
        put_int32(to, (end - begin) / unit);
        return end;
    }
    while (end < begin + unit * field->width) {
        if (unit == 2)
            *end++ = 0;
        *end++ = field->padding;
    }
    return end;
}

static uint8_t *put_binary(uint8_t *to, const uint8_t *at, int32_t size, struct field *field)
{
    if (field->kind >= TEXT)
        return put_binary_text(to, at, size, field);
    if (size < 0)
        return put(to, field->null, SIZES[field->kind]);
    if (field->kind == BOOLEAN)
        *to = *at ? field->yes : field->no;
    else
        memcpy(to, at, SIZES[field->kind]);
    return to + SIZES[field->kind];
}

static int is_printable(const struct job *job, uint32_t character)
{
    int64_t low = 0, high = job->unprintable_n;   /* the first range that ends at or behind the character */
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (job->unprintable[2 * middle + 1] < character)
            low = middle + 1;
        else
            high = middle;
    }
    return low == job->unprintable_n || character < job->unprintable[2 * low];
}

static uint8_t *put_escaped(uint8_t *to, uint32_t character)
{
    if (character == '\n' || character == '\r' || character == '\t')
        return put_text(to, character == '\n' ? "\\n" : character == '\r' ? "\\r" : "\\t");
    const char *form = character < 0x100 ? "\\x%02x" : character < 0x10000 ? "\\u%04x" : "\\U%08x";
    return to + sprintf((char *)to, form, character);
}

/* As DaCHS has it: the inside of Python's repr of a text, in quotes where the CSV needs them. */
static uint8_t *put_csv_text(uint8_t *to, const uint8_t *at, int32_t size, const struct job *job)
{
    int plain = 1, comma = 0, apostrophe = 0, quote = 0;
    for (int32_t i = 0; i < size; i++) {
        comma |= at[i] == ',';
        apostrophe |= at[i] == '\'';
        quote |= at[i] == '"';
        plain &= at[i] >= ' ' && at[i] < 0x7f && at[i] != '\\';
    }
    if (plain && !quote && !comma)
        return put(to, at, size);
    if (quote || comma)
        *to++ = '"';
    for (const uint8_t *end = at + size; at < end;) {
        const uint8_t *begin = at;
        uint32_t character = next_character(&at);
        if (character == '\\' || (character == '\'' && apostrophe && quote))
            *to++ = '\\';
        if (character == '"')
            *to++ = '"';
        to = is_printable(job, character) ? put(to, begin, at - begin) : put_escaped(to, character);
    }
    if (quote || comma)
        *to++ = '"';
    return to;
}

static uint8_t *put_csv(uint8_t *to, const uint8_t *at, int32_t size, struct field *field, const struct job *job)
{
    if (size < 0)
        return to;
    if (field->kind >= TEXT)
        return put_csv_text(to, at, size, job);
    if (field->kind == BOOLEAN)
        return put_text(to, *at ? "True" : "False");
    if (field->kind >= FLOAT4)
        return put_real(to, at, field, "nan");
    return put_integer(to, get_integer(at, field->kind));
}

static uint8_t *put_xml_text(uint8_t *to, const uint8_t *at, int32_t size, const struct field *field)
{
    const uint8_t *end = at + size;
    int32_t number = 0;
    while (at < end && !(field->width && number == field->width)) {
        const uint8_t *begin = at;
        uint32_t character = next_character(&at);
        number++;
        if (character == '&' || character == '<' || character == '>')
            to = put_text(to, character == '&' ? "&amp;" : character == '<' ? "&lt;" : "&gt;");
        else if (character >= 0x80 && field->kind == TEXT)
            *to++ = '?';
        else
            to = put(to, begin, at - begin);
    }
    for (; number < field->width; number++)
        *to++ = ' ';
    return to;
}

static uint8_t *put_tabledata(uint8_t *to, const uint8_t *at, int32_t size, struct field *field)
{
    to = put_text(to, "<TD>");
    if (field->kind >= TEXT)
        to = size < 0 ? to : put_xml_text(to, at, size, field);
    else if (size < 0)
        to = put_text(to, field->null_text);
    else if (field->kind == BOOLEAN)
        *to++ = *at ? field->yes : field->no;
    else if (field->kind >= FLOAT4)
        to = put_real(to, at, field, "NaN");
    else
        to = put_integer(to, get_integer(at, field->kind));
    return put_text(to, "</TD>");
}

/* A value at the end of its column, as Parquet's PLAIN encoding has it. */
static int put_in_column(const uint8_t *at, int32_t size, struct field *field, int64_t row)
{
    struct bytes *values = &field->values, *present = &field->present;
    if (!make_room(present, 1) || !make_room(values, 8 + (size > 0 ? size : 0)))
        return 0;
    if (row % 8 == 0)
        present->data[present->size++] = 0;
    if (size < 0)
        return 1;
    present->data[present->size - 1] |= 1 << row % 8;
    uint8_t *to = values->data + values->size;
    if (field->kind >= TEXT) {
        uint32_t length = size;
        to = put(put(to, &length, 4), at, size);
    } else if (field->kind == BOOLEAN) {
        int bit = field->values_n % 8;
        if (bit)
            to--;
        *to = (bit ? *to : 0) | (*at ? 1 << bit : 0);
        to++;
    } else if (SIZES[field->kind] == 8) {
        uint64_t number = get_int64(at);
        to = put(to, &number, 8);
    } else {
        uint32_t number = field->kind == INT2 ? (uint32_t)get_integer(at, INT2) : get_int32(at);
        to = put(to, &number, 4);
    }
    field->values_n++;
    values->size = to - values->data;
    return 1;
}

/* ---- a row ---- */

/* More than the row can take in any format: an escaped character has up to five bytes for one. */
static size_t most_bytes(const struct job *job, size_t size)
{
    size_t most = 6 * size + 64 + job->fields_n;
    for (int i = 0; i < job->fields_n; i++)
        most += 64 + 2 * (size_t)job->fields[i].width;
    return most;
}

static uint8_t *put_field(uint8_t *to, const uint8_t *at, int32_t size, struct field *field, struct job *job)
{
    switch (job->format) {
    case CSV:
        return put_csv(to, at, size, field, job);
    case TABLEDATA:
        return put_tabledata(to, at, size, field);
    case COLUMNS:
        return put_in_column(at, size, field, job->rows - job->group) ? to : 0;
    case KEEP:
        return to;
    default:
        return put_binary(to, at, size, field);
    }
}

/* One row from behind its number of fields; returns where it ends, or 0. */
static const uint8_t *put_row(struct job *job, const uint8_t *at, const uint8_t *end)
{
    if (!make_room(&job->raw, most_bytes(job, end - at)))
        return fail(job, "no memory for a row of %ld bytes", (long)(end - at)), NULL;
    uint8_t *begin = job->raw.data + job->raw.size, *to = begin;
    const uint8_t *row = at;
    if (job->format == BINARY2) {
        memset(begin, 0, (job->fields_n + 7) / 8);
        to += (job->fields_n + 7) / 8;
    } else if (job->format == TABLEDATA)
        to = put_text(to, "<TR>");
    for (int i = 0; i < job->fields_n; i++) {
        struct field *field = job->fields + i;
        if (end - at < 4)
            return fail(job, "a row ends within column %d", i + 1), NULL;
        int32_t size = get_int32(at);
        at += 4;
        if (size > end - at || (size >= 0 && field->kind < TEXT && size != SIZES[field->kind]))
            return fail(job, "a value of %d bytes is in column %d", size, i + 1), NULL;
        if (size < 0) {
            if (!field->has_null)
                return fail(job, "a null is in column %d, which has no way to say it in this format", i + 1), NULL;
            if (job->format == BINARY2)
                begin[i / 8] |= 0x80 >> i % 8;
        } else if (field->kind >= TEXT && job->format >= COLUMNS) {
            int64_t length = characters(at, size);
            if (length > field->longest)
                field->longest = length;
        }
        if (job->format == CSV && i)
            *to++ = ',';
        if (!(to = put_field(to, at, size, field, job)))
            return fail(job, "no memory for %ld rows", (long)job->rows), NULL;
        at += size > 0 ? size : 0;
    }
    if (job->format == CSV) {
        if (job->fields_n == 1 && to == begin)   /* else it would be an empty line */
            to = put_text(to, "\"\"");
        to = put_text(to, "\r\n");
    } else if (job->format == TABLEDATA)
        to = put_text(to, "</TR>");
    else if (job->format == KEEP)
        to = put(put_int32(to, at - row), row, at - row);
    job->raw.size = to - job->raw.data;
    job->rows++;
    return at;
}

/* What one message of the connection holds: the header before the first row, a row, the end (-1 fields). */
static int take_message(struct job *job, const uint8_t *at, size_t size)
{
    const uint8_t *end = at + size;
    if (!job->begun) {
        if (size < 19 || memcmp(at, "PGCOPY\n\377\r\n", 11) || end - at - 19 < (int64_t)get_int32(at + 15))
            return fail(job, "PostgreSQL's answer does not begin as its binary COPY does");
        at += 19 + get_int32(at + 15);
        job->begun = 1;
    }
    while (end - at >= 2) {
        int fields_n = (int16_t)(at[0] << 8 | at[1]);
        if (fields_n == -1)
            return 1;
        if (fields_n != job->fields_n)
            return fail(job, "PostgreSQL gives %d columns, expected are %d", fields_n, job->fields_n);
        if (job->limit >= 0 && job->rows == job->limit) {
            job->overflow = 1;
            return 1;
        }
        if (!(at = put_row(job, at + 2, end)))
            return 0;
    }
    return at == end ? 1 : fail(job, "a message of PostgreSQL has a byte too many");
}

/* ---- what is sent ---- */

static const char LETTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static char pairs[4096][2];

static void prepare_base64(void)
{
    for (int i = 0; i < 4096; i++) {
        pairs[i][0] = LETTERS[i >> 6];
        pairs[i][1] = LETTERS[i & 63];
    }
}

/* Moves what `raw` holds to `out`; in base64 two bytes may have to wait for the third, but at the end. */
static int hand_out(struct job *job, int at_end)
{
    struct bytes *raw = &job->raw, *out = &job->out;
    if (!job->base64) {
        if (!make_room(out, raw->size))
            return fail(job, "no memory for %ld bytes", (long)raw->size);
        out->size = put(out->data + out->size, raw->data, raw->size) - out->data;
        raw->size = 0;
        return 1;
    }
    if (!make_room(out, raw->size / 3 * 4 + 4))
        return fail(job, "no memory for %ld bytes", (long)raw->size);
    const uint8_t *at = raw->data, *end = at + raw->size;
    uint8_t *to = out->data + out->size;
    for (; end - at >= 3; at += 3, to += 4) {
        memcpy(to, pairs[at[0] << 4 | at[1] >> 4], 2);
        memcpy(to + 2, pairs[(at[1] & 15) << 8 | at[2]], 2);
    }
    if (at_end && at < end) {
        int second = end - at == 2 ? at[1] : 0;
        memcpy(to, pairs[at[0] << 4 | second >> 4], 2);
        to[2] = end - at == 2 ? pairs[(second & 15) << 8][0] : '=';
        to[3] = '=';
        to += 4;
        at = end;
    }
    out->size = to - out->data;
    memmove(raw->data, at, end - at);
    raw->size = end - at;
    return 1;
}

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for the server up to a time; 0 when it has passed, -1 when the connection is lost. */
static int wait_for_data(struct job *job, int64_t until)
{
    int64_t begin = milliseconds(), left = until - begin;
    struct pollfd socket = {PQsocket(job->connection), POLLIN, 0};
    int ready = poll(&socket, 1, left > 0 ? (int)left : 0);
    job->waited += milliseconds() - begin;
    if (ready < 0 && errno == EINTR)
        return 1;
    if (ready <= 0)
        return ready;
    return PQconsumeInput(job->connection) ? 1 : -1;
}

/* Waits until the server has begun to answer; 0 when `patience` milliseconds have passed. */
int rows_wait(struct job *job, int64_t patience)
{
    int64_t until = milliseconds() + patience;
    while (PQisBusy(job->connection)) {
        int ready = wait_for_data(job, until);
        if (ready <= 0)
            return ready;
    }
    return 1;
}

static size_t filled(const struct job *job)
{
    size_t size = job->raw.size;
    if (job->format == COLUMNS)
        for (int i = 0; i < job->fields_n; i++)
            size += job->fields[i].values.size;
    return size;
}

/* Takes rows until there are `wanted` bytes of them (or `rows` more), or `patience` milliseconds have passed. */
int rows_fill(struct job *job, size_t wanted, int64_t rows, int64_t patience)
{
    int64_t until = milliseconds() + patience, last = job->rows + rows;
    int status = MORE;
    job->out.size = 0;
    while (status == MORE && filled(job) < wanted && job->rows < last) {
        char *message = NULL;
        int size = PQgetCopyData(job->connection, &message, 1);
        if (size > 0) {
            if (!take_message(job, (uint8_t *)message, size))
                status = BROKEN;
            PQfreemem(message);
        } else if (size == -1)
            status = END;
        else if (size == -2)
            status = CONNECTION_FAILED;
        else {
            int ready = wait_for_data(job, until);
            status = ready > 0 ? MORE : ready == 0 ? NO_DATA_YET : CONNECTION_FAILED;
        }
    }
    return hand_out(job, status != MORE && status != NO_DATA_YET) ? status : BROKEN;
}

/* Takes the rows that KEEP has written, from memory; returns how many bytes of it were whole rows, or BROKEN. */
int64_t rows_feed(struct job *job, const uint8_t *data, size_t size, int at_end)
{
    const uint8_t *at = data, *end = data + size;
    job->out.size = 0;
    while (end - at >= 4 && (size_t)(end - at - 4) >= get_int32(at)) {
        const uint8_t *row = at + 4;
        at = row + get_int32(at);
        if (!put_row(job, row, at))
            return BROKEN;
    }
    return hand_out(job, at_end) ? at - data : BROKEN;
}

/* Reads to the end what a query that is being cancelled still sends. */
void rows_drain(void *connection)
{
    char *message;
    while (PQgetCopyData(connection, &message, 0) > 0)
        PQfreemem(message);
}

/* Forgets the values of the columns, to begin with the next of their groups. */
void rows_next_group(struct job *job)
{
    job->group = job->rows;
    for (int i = 0; i < job->fields_n; i++) {
        job->fields[i].values.size = job->fields[i].present.size = 0;
        job->fields[i].values_n = 0;
    }
}

void rows_begin(void)
{
    prepare_base64();
}

void rows_free(struct job *job)
{
    free(job->out.data);
    free(job->raw.data);
    for (int i = 0; i < job->fields_n; i++) {
        free(job->fields[i].values.data);
        free(job->fields[i].present.data);
    }
}
