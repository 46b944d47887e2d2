// Asking the server: ADQL to rows, and addresses of cutouts.

export async function ask(adql, limit = 3000) {
  const words = new URLSearchParams({LANG: "ADQL", FORMAT: "json", MAXREC: limit, QUERY: adql});
  const answer = await fetch("/tap/sync", {method: "POST", body: words});
  if (!answer.ok) throw new Error(`the query service answered ${answer.status}`);
  const table = await answer.json();
  const names = table.columns.map((column) => column.name.replaceAll('"', ""));
  return table.data.map((row) => Object.fromEntries(names.map((name, k) => [name, row[k]])));
}

// The images that a source was extracted from, with the address (SODA) of what each shows around it: a circle, degrees.
export async function stamps(row, radius = 0.5 / 60) {
  if (row.coadd_key === null) return [];
  const images = await ask(`SELECT band, obs_publisher_did FROM twomass.atlas WHERE coadd_key = ${row.coadd_key}
    ORDER BY atlas_key`);
  return images.map((image) => ({band: image.band, address: "/twomass/q/image_links/dlget?" + new URLSearchParams(
    {ID: image.obs_publisher_did, CIRCLE: `${row.ra} ${row.dec} ${radius}`})}));
}

// The postage stamps of an extended source in each band of the images that it was extracted from, as large as it asks for.
export async function galaxyStamps(row) {
  if (row.coadd_key === null) return [];
  const images = await ask(`SELECT band FROM twomass.atlas WHERE coadd_key = ${row.coadd_key} ORDER BY atlas_key`);
  return images.map(({band}) => ({band, address: "/twomass/q/galaxy_links/dlget?" + new URLSearchParams(
    {ID: row.designation, FILTER: band})}));
}
