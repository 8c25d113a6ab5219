// For the other packages of Shoal. Promises nothing: anything here may change in any release.
export { AckTracker, type AckWaitOptions } from './driver/feeder/ack-tracker.ts';
