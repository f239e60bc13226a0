import { type Html, html } from './html.ts'

/** How somebody else repeats the verdict: with this project, and with Wireshark's own decryption. */
export function recheck(bundle: string, sealedOnly: boolean): Html {
  if (sealedOnly)
    return html`<p>Digests, signature and the checks that need no key, from the captures alone:</p>
<pre class="command">npx wireproof verify ${bundle}</pre>
<p>Every check and the verdict, once the security associations are shown, which are known by their digest:</p>
<pre class="command">npx wireproof verify ${bundle} --keys sas.json</pre>`
  return html`<p>Every check and the verdict, from the captures and the security associations alone, with digests and signature:</p>
<pre class="command">npx wireproof verify ${bundle}</pre>
<p>What each packet holds with another implementation, Wireshark’s command line (tshark 4.0 or later; for ChaCha20-Poly1305 one that knows it, which 4.0 does not), inside the bundle’s directory. Every line must end in 1,1: the header checksum of the packet on the wire is good, and so is that of the packet decrypted out of it:</p>
<pre class="command">${tsharkLine()}</pre>
<p>By eye: <code>WIRESHARK_CONFIG_DIR=$PWD/wireshark wireshark -C wireproof wire.pcapng</code> opens the sealed capture decrypted, each frame with a comment that says what it is. <code>wire.opened.pcapng</code> brings its keys along in a secrets block, for versions of Wireshark that read ESP keys from there.</p>`
}

/**
 * Decrypts every ESP packet, and has the inner packet's own header checksum vouch for the key. Of ICVs the profile cannot
 * speak: they cover the upper half of the sequence number, which it has no column for. HTTP is not dissected, since where
 * that gives up on a packet, fields are not shown at all. Verified with tshark 4.0.
 */
export function tsharkLine(): string {
  return 'WIRESHARK_CONFIG_DIR=$PWD/wireshark tshark -C wireproof -n -r wire.pcapng --disable-protocol http -o ip.check_checksum:TRUE -Y esp -T fields -e frame.number -e esp.spi -e esp.sequence -e ip.checksum.status'
}
