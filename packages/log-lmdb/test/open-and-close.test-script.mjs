// Opens and closes a log as often as told. Another process may do the same.
import { argv } from 'node:process';
import { openLmdbLog } from '../dist/index.js';

const [, , path, rounds] = argv;
for (let round = 0; round < Number(rounds); round++) {
  try {
    const log = await openLmdbLog({ path });
    await log.close();
  } catch (error) {
    // The other process was later: that is no fault.
    if (!/taken it over/.test(error.message)) throw error;
  }
  // Processes in step would never open what another one closes.
  if (round % 7 === 0) await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
}
