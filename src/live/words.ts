/** Times and counts as people read them at a glance. */

/** Longer times are shown as 'over 1,000 d'. */
const MAX_MS = 1_000 * 86_400_000;

/** A time in at most two units: `0.3 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function lapse(ms: number): string {
  if (!(ms < MAX_MS)) return 'over 1,000 d';
  const tenths = Math.round(Math.max(0, ms) / 100);
  if (tenths < 100) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(Math.max(0, ms) / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return both(minutes, 'min', seconds % 60, 's');
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return both(hours, 'h', minutes % 60, 'min');
  return both(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function both(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** `11,538`; two decimals below ten. */
export function count(value: number): string {
  const rounded = value < 10 ? Math.round(value * 100) / 100 : Math.round(value);
  const [whole = '', decimals] = String(rounded).split('.');
  if (!/^\d+$/.test(whole)) return String(rounded); // such as 1e+21
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return decimals === undefined ? grouped : `${grouped}.${decimals}`;
}

/** `1,200/s`, or per minute or hour if it is slow. */
export function rate(perSecond: number): string {
  if (perSecond >= 1) return `${count(perSecond)}/s`;
  if (perSecond * 60 >= 1) return `${count(perSecond * 60)}/min`;
  const perHour = count(perSecond * 3_600);
  return perHour === '0' ? 'under 0.01/h' : `${perHour}/h`;
}
