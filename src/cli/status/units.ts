// Measured values in few characters. Pure.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A duration in its two largest units: `8s`, `4m05s`, `3h04m`, `12d03h`. */
export function durationText(ms: number): string {
  const two = (large: number, largeName: string, small: number, smallName: string) => {
    const rest = Math.floor((ms % large) / small);
    return `${Math.floor(ms / large)}${largeName}${String(rest).padStart(2, '0')}${smallName}`;
  };
  if (!(ms >= SECOND)) return '0s'; // a time of another clock may be slightly in the future
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)}s`;
  if (ms < HOUR) return two(MINUTE, 'm', SECOND, 's');
  if (ms < DAY) return two(HOUR, 'h', MINUTE, 'm');
  return two(DAY, 'd', HOUR, 'h');
}

/** Bits per second as kbit/s, without the unit. */
export function kilobitsText(bitsPerSecond: number): string {
  const kilobits = bitsPerSecond / 1000;
  return kilobits > 0 && kilobits < 9.95 ? kilobits.toFixed(1) : kilobits.toFixed(0);
}

/** Bytes: `0 B`, `512 kB`, `84 MB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes;
  for (const unit of ['kB', 'MB', 'GB', 'TB']) {
    value /= 1000;
    if (value < 999.5) return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
  }
  return `${(value / 1000).toFixed(0)} PB`;
}

/** Milliseconds: `0.3 ms`, `12 ms`, `10.2 s`. */
export function msText(ms: number): string {
  if (Math.abs(ms) >= 9999.5) return `${(ms / SECOND).toFixed(1)} s`;
  return `${Math.abs(ms) < 9.95 ? Number(ms.toFixed(1)) : Math.round(ms)} ms`;
}

/** As {@link msText}, with its sign. */
export function signedMsText(ms: number): string {
  return `${ms > 0 ? '+' : ''}${msText(ms)}`;
}
