/** Cases that do not pass, each with the reason. */
export const knownFailures: ReadonlyMap<string, string> = new Map([])
