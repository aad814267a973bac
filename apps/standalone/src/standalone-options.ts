import type { LogLevel } from '@millrace/platform';
import type { Outside } from './foundation.js';
import type { HomeDirectory } from './home-directory.js';
import type { ServiceSettings } from './service-settings.js';
import type { TerminalOutput } from './progress-terminal.js';
import type { StandaloneSettings } from './standalone-settings.js';

/** Everything that `startStandalone` needs, read and checked before anything is opened. */
export interface StandaloneOptions {
  readonly settings: StandaloneSettings;
  readonly services: ServiceSettings;
  readonly outside: Outside;
  readonly home: HomeDirectory;
  readonly http: { readonly host: string; readonly port: number; readonly publicUrl: string | undefined };
  readonly telemetry: {
    readonly logLevel: LogLevel;
    readonly otlpEndpoint: string | undefined;
    readonly internalHost: string;
    readonly internalPort: number;
  };
  /** Told what a slow first start is doing. */
  readonly onProgress: (step: string) => void;
  readonly output: TerminalOutput;
}
