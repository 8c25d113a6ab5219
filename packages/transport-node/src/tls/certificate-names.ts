/** One entry. Since CVE-2021-44532, Node writes a value with special characters as a JSON string. */
const ENTRY = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;

/**
 * The DNS names and URIs among a certificate's alternative names, in the form of `X509Certificate`:
 * `DNS:a.example, URI:spiffe://b`. Returns none if the text deviates from that form anywhere: the
 * certificate may be crafted to be misread.
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
