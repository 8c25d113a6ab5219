import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The path of Chromium: from SHOAL_CHROMIUM, or the first one on the PATH. */
export function findChromium(): string | undefined {
  const given = process.env['SHOAL_CHROMIUM'];
  if (given) return isExecutable(given) ? given : undefined;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin'];
  const paths = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return paths.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts Chromium without a window, with a temporary profile. There is no sandbox: it opens our own
 * pages only, and containers rarely permit one.
 */
export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    headless: true,
    chromiumSandbox: false,
    timeout: 120_000,
    args: [
      '--no-first-run',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** Whether a missing platform is a failure, as in CI, or only a message. */
export function platformsRequired(): boolean {
  return process.env['SHOAL_REQUIRE_PLATFORMS'] === '1';
}
