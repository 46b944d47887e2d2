// The outline of a galaxy on the sky.

const POINTS = 48;
const SMALLEST = 5;   // arcsec: radius of what has no isophote

// Places [ra, dec] (degrees) on the ellipse of a row of the extended sources: its Ks = 20 mag/arcsec2 isophote; shape of the
// sum of the bands where Ks has none; k_phi and sup_phi are degrees east of north.
export function outline(row) {
  const radius = (row.r_k20fe ?? SMALLEST) / 3600;
  const [ratio, angle] = row.k_ba !== null && row.k_phi !== null ? [row.k_ba, row.k_phi] : [row.sup_ba ?? 1, row.sup_phi ?? 0];
  const [sin, cos] = [Math.sin(angle * Math.PI / 180), Math.cos(angle * Math.PI / 180)];
  const squeezed = Math.max(Math.cos(row.dec * Math.PI / 180), 1e-6);
  return Array.from({length: POINTS}, (_, k) => {
    const turn = 2 * Math.PI * k / POINTS, along = radius * Math.cos(turn), across = radius * ratio * Math.sin(turn);
    const [north, east] = [along * cos - across * sin, along * sin + across * cos];
    return [row.ra + east / squeezed, row.dec + north];
  });
}
