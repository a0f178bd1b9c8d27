/** The smallest headers of pictures of a given size. */
function filled(
  length: number,
  write: (view: DataView, text: (at: number, text: string) => void) => void,
) {
  const bytes = new Uint8Array(length);
  write(new DataView(bytes.buffer), (at, text) => bytes.set(new TextEncoder().encode(text), at));
  return bytes;
}

export const png = (width: number, height: number) =>
  filled(33, (view, text) => {
    view.setUint32(0, 0x89504e47);
    text(12, "IHDR");
    view.setUint32(16, width);
    view.setUint32(20, height);
  });

export const gif = (width: number, height: number) =>
  filled(13, (view, text) => {
    text(0, "GIF89a");
    view.setUint16(6, width, true);
    view.setUint16(8, height, true);
  });

/** An application segment precedes the frame, as cameras write it. */
export const jpeg = (width: number, height: number) =>
  filled(40, (view) => {
    view.setUint16(0, 0xffd8);
    view.setUint16(2, 0xffe1);
    view.setUint16(4, 16);
    view.setUint16(20, 0xffc2);
    view.setUint16(22, 11);
    view.setUint16(25, height);
    view.setUint16(27, width);
  });

export const webp = (width: number, height: number) =>
  filled(32, (view, text) => {
    text(0, "RIFF");
    text(8, "WEBPVP8 ");
    view.setUint16(26, width, true);
    view.setUint16(28, height, true);
  });

const webpLossless = (width: number, height: number) =>
  filled(32, (view, text) => {
    text(0, "RIFF");
    text(8, "WEBPVP8L");
    view.setUint32(21, (width - 1) | ((height - 1) << 14), true);
  });

const webpExtended = (width: number, height: number) =>
  filled(32, (view, text) => {
    text(0, "RIFF");
    text(8, "WEBPVP8X");
    view.setUint16(24, width - 1, true);
    view.setUint16(27, height - 1, true);
  });

export const pictures = (width: number, height: number): Record<string, Uint8Array> => ({
  "image/png": png(width, height),
  "image/gif": gif(width, height),
  "image/jpeg": jpeg(width, height),
  "image/webp": webp(width, height),
  "image/webp without loss": webpLossless(width, height),
  "image/webp extended": webpExtended(width, height),
});
