// What somebody typed into the search field: a name of a source, or a place in degrees or in hours.

const NAME = /^(2MAS[SX]\s*)?J?\s*(\d{8}[+-]\d{7}[A-Za-z]?)$/i;

export function understood(text) {
  const plain = text.trim().replaceAll("−", "-");
  const name = plain.match(NAME);
  if (name) return {designation: name[2].toUpperCase(), kind: /x/i.test(name[1] ?? "") ? "xsc" : "psc"};
  const parts = plain.split(/[\s,:hdms°′″'"]+/).filter(Boolean), numbers = parts.map(Number);
  if (numbers.some(Number.isNaN)) return null;
  if (parts.length === 2) return placed(numbers[0], numbers[1]);
  if (parts.length !== 6) return null;
  const [h, m, s, d, dm, ds] = numbers, sign = parts[3].startsWith("-") ? -1 : 1;
  return placed(15 * (h + m / 60 + s / 3600), sign * (Math.abs(d) + dm / 60 + ds / 3600));
}

function placed(ra, dec) {
  return ra >= 0 && ra < 360 && Math.abs(dec) <= 90 ? {ra, dec} : null;
}
