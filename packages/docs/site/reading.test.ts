import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findChromium, launchChromium, platformsRequired } from '@shoal/platforms/chromium';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { BASE } from './base.mjs';

const DIST = new URL('../dist/', import.meta.url);
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

const chromium = findChromium();
if (chromium === undefined) {
  if (platformsRequired()) throw new Error('Chromium is missing, but required');
  console.log('skipped: Chromium is missing: no chromium on the PATH, nor at SHOAL_CHROMIUM');
}

const server = createServer(async ({ url }, response) => {
  const path = new URL(url ?? '', 'http://site').pathname.replace(BASE, '/');
  const file = new URL(`.${path.endsWith('/') ? `${path}index.html` : path}`, DIST);
  try {
    const body = await readFile(fileURLToPath(file));
    response.setHeader('content-type', TYPES[extname(file.pathname)] ?? 'application/octet-stream');
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
});

describe.skipIf(chromium === undefined)('a reader of the site', { timeout: 120_000 }, () => {
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];
  const seen = async (text: string) => {
    await page.locator('main').getByText(text).first().waitFor();
  };

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    browser = await launchChromium(chromium!);
    const baseURL = `http://127.0.0.1:${port}${BASE}`;
    page = await browser.newPage({ baseURL, viewport: { width: 1400, height: 900 } });
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('response', (response) => {
      if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`);
    });
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    server.close();
  });

  it('starts at the README, and follows the sidebar to a guide', async () => {
    await page.goto('./');
    await page.getByRole('heading', { level: 1, name: 'Shoal' }).waitFor();
    await page.locator('.VPSidebar').getByRole('link', { name: 'Concepts' }).click();
    await page.waitForURL('**/docs/concepts.html');
    await page.getByRole('heading', { level: 1, name: 'Concepts' }).waitFor();
  });

  it('finds guides and the API reference by one search', async () => {
    await page.goto('./');
    for (const [words, path] of [
      ['matchpoint', /\/docs\//],
      ['startMembership', /\/api\/membership\/driver/],
    ] as const) {
      const input = page.locator('#localsearch-input');
      // The page does not listen to keys before its scripts run.
      await vi.waitFor(
        async () => {
          await page.keyboard.press('Control+k');
          await input.waitFor({ timeout: 500 });
        },
        { timeout: 60_000 },
      );
      await input.fill(words);
      const results = page.locator('#localsearch-list a.result');
      await results.first().waitFor();
      const links = await results.evaluateAll((all) =>
        all.map((each) => each.getAttribute('href')),
      );
      expect(links).toContainEqual(expect.stringMatching(path));
      await results.first().click();
      await seen(words);
    }
  });

  it('sees diagrams drawn', async () => {
    await page.goto('docs/');
    for (const diagram of await page.locator('.diagram').all()) {
      await diagram.locator('svg').first().waitFor();
    }
    const pictures = page.locator('main img');
    const widths = await pictures.evaluateAll((all) =>
      all.map((each) => (each as HTMLImageElement).naturalWidth),
    );
    expect(widths.filter((width) => width === 0)).toEqual([]);
  });

  it('meets no error, and no request that fails', () => expect(faults).toEqual([]));
});
