/** One entry; a value with anything special in it is a JSON string (Node since CVE-2021-44532). */
const ENTRY = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;

/**
 * The DNS names and URIs in a certificate's alternative names, as `X509Certificate` writes them:
 * `DNS:a.example, URI:spiffe://b`. None at all if the text is not exactly of that form, since a
 * certificate may have been made to be misread.
 */
export function certificateNames(subjectAltName: string): string[] {
  const names: string[] = [];
  ENTRY.lastIndex = 0;
  while (ENTRY.lastIndex < subjectAltName.length) {
    const entry = ENTRY.exec(subjectAltName);
    if (!entry) return [];
    const [, type, text] = entry;
    if (type !== 'DNS' && type !== 'URI') continue;
    try {
      names.push(text!.startsWith('"') ? String(JSON.parse(text!)) : text!);
    } catch {
      return [];
    }
  }
  return names;
}
