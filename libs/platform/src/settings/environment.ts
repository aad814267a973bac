import type { SettingSource } from './load-settings.js';

/** The environment of this process. The one place that reads it. */
export function environment(): SettingSource {
  return process.env;
}
