/**
 * Times as people write them and as stores keep them: ISO 8601 in UTC to and from counts since 1970, in integers, so
 * that nanoseconds stay exact. The arithmetic of the proleptic Gregorian calendar is done here because the engine asks
 * no clock and no locale.
 */

export const TIME_UNITS = ['s', 'ms', 'us', 'ns'] as const;
export type TimeUnit = (typeof TIME_UNITS)[number];

const PER_SECOND: Readonly<Record<TimeUnit, bigint>> = { s: 1n, ms: 1000n, us: 1_000_000n, ns: 1_000_000_000n };
const DAY_SECONDS = 86_400;
const SHAPE = /^([+-]\d{6}|\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/** Days since 1970-01-01. Counts years from March, so that the leap day is a year's last. */
function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const ofEra = y - era * 400;
  const ofYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468;
}

function civil(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const ofEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * ofYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day: ofYear - Math.floor((153 * shifted + 2) / 5) + 1 };
}

/** `2026-01-01` of a count of days since 1970; years outside of four digits with a sign and six or more. */
export function formatDate(days: number): string {
  const { year, month, day } = civil(days);
  return `${yearText(year)}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

function yearText(year: number): string {
  return year >= 0 && year <= 9999
    ? String(year).padStart(4, '0')
    : `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(6, '0')}`;
}

/** `2026-01-01`, `2026-01-01T12:00Z`, `…:00.123456789+01:00` as a count of `unit` since 1970; undefined for no such time. */
export function parseTime(text: string, unit: TimeUnit): bigint | undefined {
  const m = SHAPE.exec(text.trim());
  if (m === null) return undefined;
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((i) => Number(m[i] ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const days = daysOf(year, month, day);
  const back = civil(days);
  if (month < 1 || month > 12 || back.month !== month || back.day !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const zone = m[8] ?? 'Z';
  const ahead =
    zone === 'Z' ? 0 : Number(`${zone[0]}1`) * (Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(-2)) * 60);
  const seconds = days * DAY_SECONDS + hour * 3600 + minute * 60 + second - ahead;
  const nanos = BigInt((m[7] ?? '').padEnd(9, '0'));
  return BigInt(seconds) * PER_SECOND[unit] + nanos / (PER_SECOND.ns / PER_SECOND[unit]);
}

/** ISO 8601 in UTC with the digits that the unit has; undefined for a year of more than six digits. */
export function formatTime(count: bigint, unit: TimeUnit): string | undefined {
  const per = PER_SECOND[unit];
  let seconds = count / per;
  let part = count % per;
  if (part < 0n) {
    part += per;
    seconds -= 1n;
  }
  if (seconds > 31_556_889_864_403n || seconds < -31_557_014_167_219n) return undefined;
  const whole = Number(seconds);
  const days = Math.floor(whole / DAY_SECONDS);
  const rest = whole - days * DAY_SECONDS;
  const { year, month, day } = civil(days);
  const two = (n: number): string => String(n).padStart(2, '0');
  const digits = unit === 's' ? '' : `.${part.toString().padStart(per.toString().length - 1, '0')}`;
  return `${yearText(year)}-${two(month)}-${two(day)}T${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}${digits}Z`;
}
