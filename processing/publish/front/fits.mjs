// A FITS image in a browser: its pixels, and a picture of them.

const CARD = 80, BLOCK = 2880;
const LEAST = Math.asinh(20 / 3);   // what is less than 20 noise levels above the sky is not made white

export async function image(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`no cutout: ${answer.status}`);
  const bytes = await answer.arrayBuffer();
  const header = cards(new TextDecoder("latin1").decode(bytes.slice(0, Math.min(bytes.byteLength, 40 * BLOCK))));
  const [width, height] = [Number(header.NAXIS1), Number(header.NAXIS2)];
  if (Number(header.BITPIX) !== -32) throw new Error(`expected real numbers, found BITPIX ${header.BITPIX}`);
  const view = new DataView(bytes, header.begin, 4 * width * height);
  return {width, height, header, pixels: Float32Array.from({length: width * height}, (_, k) => view.getFloat32(4 * k))};
}

function cards(text) {
  const header = {};
  for (let at = 0; at < text.length; at += CARD) {
    const key = text.slice(at, at + 8).trim();
    if (key === "END") return {...header, begin: Math.ceil((at + CARD) / BLOCK) * BLOCK};
    if (text[at + 8] === "=") header[key] = text.slice(at + 10, at + CARD).split("/")[0].trim();
  }
  throw new Error("not a FITS file");
}

// North up, the sky dark grey, grey growing with the inverse hyperbolic sine of the height above it in units of its noise.
export function draw(canvas, {width, height, pixels}) {
  const seen = pixels.filter(Number.isFinite).sort();
  const sky = seen[seen.length >> 1], noise = Math.max(sky - seen[Math.floor(0.16 * seen.length)], 1e-9);
  const top = Math.asinh((seen[Math.floor(0.998 * (seen.length - 1))] - sky) / (3 * noise));
  Object.assign(canvas, {width, height});
  const picture = new ImageData(width, height);
  pixels.forEach((value, k) => {
    const shade = 0.12 + 0.88 * Math.asinh((value - sky) / (3 * noise)) / Math.max(top, LEAST);
    const at = 4 * ((height - 1 - Math.floor(k / width)) * width + k % width);
    picture.data.fill(255 * Math.min(Math.max(Number.isFinite(value) ? shade : 0, 0), 1), at, at + 3);
    picture.data[at + 3] = 255;
  });
  canvas.getContext("2d").putImageData(picture, 0, 0);
}
