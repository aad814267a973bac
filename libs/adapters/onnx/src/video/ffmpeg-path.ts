import { constants } from 'node:fs';
import { access, chmod } from 'node:fs/promises';

/** Path of the ffmpeg binary that npm installed. Rejects on a platform that the installer has no binary for. */
export async function installedFfmpeg(): Promise<string> {
  const { default: installer } = await import('@ffmpeg-installer/ffmpeg');
  await ensureExecutable(installer.path);
  return installer.path;
}

/** npm sets the binary's execute bit in an install script, and installs may run without scripts. */
async function ensureExecutable(file: string): Promise<void> {
  try {
    await access(file, constants.X_OK);
  } catch {
    await chmod(file, 0o755);
  }
}
