#!/usr/bin/python3
"""Reads every point of a vault in a local folder, written from docs/format alone.

    independent-reader.py VAULT < file-with-the-passphrase-or-recovery-code

Shares no code and no library with Tharsis: Python's standard library, and the Debian packages python3-cryptography
(AES-GCM) and python3-zstandard (zstd). Prints one JSON document; a path or name in it has one character a byte (latin1).
Anything that contradicts the pages ends it with a message and exit status 1.
"""

import hashlib
import hmac
import json
import os
import re
import struct
import sys
import unicodedata

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MIB = 1024 * 1024


class Contradiction(Exception):
    """What was read is not what the pages say."""


def require(condition, what):
    if not condition:
        raise Contradiction(what)


# --- check sums, keys, sealing (keys.md, sealed-object.md) ---------------------------------------------------------


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC32C_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _crc32c_row(value):
    for _ in range(8):
        value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
    return value


CRC32C_TABLE = [_crc32c_row(value) for value in range(256)]


def hkdf(key, salt, info, size):
    pseudo_random_key = hmac.new(salt, key, hashlib.sha256).digest()
    output = b''
    previous = b''
    counter = 1
    while len(output) < size:
        previous = hmac.new(pseudo_random_key, previous + info + bytes([counter]), hashlib.sha256).digest()
        output += previous
        counter += 1
    return output[:size]


def unseal(key, nonce, additional_data, sealed, what):
    try:
        return AESGCM(key).decrypt(nonce, sealed, additional_data)
    except InvalidTag:
        raise Contradiction(f'{what}: the tag does not fit') from None


def nonce_of(number):
    return bytes(8) + struct.pack('<I', number)


def lz4_block(source, raw_size):
    output = bytearray()
    at = 0
    while at < len(source):
        token = source[at]
        at += 1
        literals = token >> 4
        if literals == 15:
            while True:
                more = source[at]
                at += 1
                literals += more
                if more != 255:
                    break
        output += source[at : at + literals]
        at += literals
        require(len(output) <= raw_size, 'LZ4 block is longer than its raw size')
        if at >= len(source):
            break
        distance = source[at] | source[at + 1] << 8
        at += 2
        require(0 < distance <= len(output), 'LZ4 match before the beginning')
        length = (token & 15) + 4
        if token & 15 == 15:
            while True:
                more = source[at]
                at += 1
                length += more
                if more != 255:
                    break
        require(len(output) + length <= raw_size, 'LZ4 block is longer than its raw size')
        if distance >= length:
            start = len(output) - distance
            output += output[start : start + length]
        else:
            pattern = bytes(output[-distance:])
            output += (pattern * (length // distance + 1))[:length]
    return bytes(output)


def decompress(method, data, raw_size, what):
    if method == 0:
        raw = data
    elif method == 1:
        raw = lz4_block(data, raw_size)
    elif method == 2:
        decompressor = zstandard.ZstdDecompressor(max_window_size=8 * MIB)
        raw = decompressor.decompress(data, max_output_size=raw_size)
    else:
        raise Contradiction(f'{what}: unknown method {method}')
    require(len(raw) == raw_size, f'{what}: the raw size is another')
    return raw


# --- CBOR subset (trees.md) ----------------------------------------------------------------------------------------


class Cbor:
    """Decodes one value; refuses what is not the one encoding of it."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    @staticmethod
    def decode(data):
        reader = Cbor(data)
        value = reader.value(0)
        require(reader.at == len(data), 'CBOR: bytes behind the value')
        return value

    def take(self, size):
        require(self.at + size <= len(self.data), 'CBOR: cut off')
        piece = self.data[self.at : self.at + size]
        self.at += size
        return piece

    def head(self):
        first = self.take(1)[0]
        major, low = first >> 5, first & 31
        if low < 24:
            return major, low
        require(low <= 27, 'CBOR: indefinite or reserved length')
        size = 1 << (low - 24)
        number = int.from_bytes(self.take(size), 'big')
        least = 24 if size == 1 else 1 << (size * 4)
        require(number >= least, 'CBOR: not the shortest form')
        return major, number

    def value(self, depth):
        require(depth <= 16, 'CBOR: too deep')
        major, number = self.head()
        if major == 0:
            return number
        if major == 1:
            return -1 - number
        if major == 2:
            return bytes(self.take(number))
        if major == 3:
            return self.take(number).decode('utf-8', 'strict')
        if major == 4:
            return [self.value(depth + 1) for _ in range(number)]
        if major == 5:
            return self.map(number, depth)
        require(major == 7 and number in (20, 21, 22), 'CBOR: a value outside the subset')
        return {20: False, 21: True, 22: None}[number]

    def map(self, count, depth):
        result = {}
        last = -1
        for _ in range(count):
            major, key = self.head()
            require(major == 0 and key > last, 'CBOR: map keys are not ascending unsigned integers')
            last = key
            result[key] = self.value(depth + 1)
        return result


# --- vault (vault-layout.md) ---------------------------------------------------------------------------------------


class Vault:
    def __init__(self, folder):
        self.folder = folder

    def read(self, name):
        with open(os.path.join(self.folder, name), 'rb') as file:
            return file.read()

    def names(self, folder):
        path = os.path.join(self.folder, folder)
        return sorted(name for name in os.listdir(path) if not name.startswith('.')) if os.path.isdir(path) else []

    def keyspaces(self):
        return [name for name in self.names('keyspaces') if re.fullmatch('[0-9a-f]{32}', name)]


def open_slot(slot, keyspace, secret, name):
    require(len(slot) == 256, f'{name}: not 256 bytes')
    require(slot[:8] == b'THARSISK', f'{name}: cookie')
    require(struct.unpack('<I', slot[252:])[0] == crc32c(slot[:252]), f'{name}: check sum')
    version, kind, derivation, log2_n, r, p = struct.unpack('<HBBBBB', slot[8:15])
    require(version == 1 and derivation == 1, f'{name}: version or derivation')
    require(14 <= log2_n <= 20 and 1 <= r <= 16 and 1 <= p <= 4, f'{name}: cost')
    require(128 * 2**log2_n * r <= 1024 * MIB, f'{name}: cost')
    require(slot[16:32] == bytes.fromhex(keyspace), f'{name}: of another keyspace')
    key = slot_secret(kind, secret)
    if key is None:
        return None
    derived = hashlib.scrypt(key, salt=slot[40:72], n=2**log2_n, r=r, p=p, maxmem=2**31 - 1, dklen=64)
    if not hmac.compare_digest(derived[32:], slot[80:112]):
        return None
    return unseal(derived[:32], slot[112:124], slot[:80], slot[124:172], name)


def slot_secret(kind, secret):
    if kind == 1:
        return unicodedata.normalize('NFKC', secret).encode()
    require(kind == 2, 'unknown kind of slot')
    alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
    typed = re.sub(r'[\s-]', '', secret).upper().replace('O', '0').replace('I', '1').replace('L', '1')
    if len(typed) != 35 or any(symbol not in alphabet for symbol in typed):
        return None
    body = typed[:32]
    check = struct.unpack('>H', hashlib.sha256(body.encode()).digest()[:2])[0] >> 1
    symbols = ''.join(alphabet[check >> shift & 31] for shift in (10, 5, 0))
    return body.encode() if typed[32:] == symbols else None


class Keyspace:
    """The sealed objects and the blocks of one keyspace."""

    KINDS = {'index': 1, 'point': 2, 'confirmation': 3, 'definitions': 4, 'keyspace': 5}

    def __init__(self, vault, keyspace, master_key):
        self.vault = vault
        self.id = bytes.fromhex(keyspace)
        self.root = f'keyspaces/{keyspace}'
        self.master_key = master_key
        self.id_key = self.derive('id')
        self.object_keys = {'definitions': self.derive('definitions'), 'manifest': self.derive('manifest')}
        self.files = {}
        self.blocks = {}
        self.opened = (None, None, None)

    def derive(self, name):
        return hkdf(self.master_key, self.id, f'tharsis/v1/{name}'.encode(), 32)

    def open_object(self, kind, name):
        data = self.vault.read(name)
        header = data[:80]
        require(header[:8] == b'THARSISO', f'{name}: cookie')
        version, number, method, raw_size, features, epoch = struct.unpack('<HBBIII', header[8:24])
        require(version == 1 and features == 0 and epoch == 0, f'{name}: version, features or epoch')
        require(number == self.KINDS[kind], f'{name}: kind')
        require(raw_size <= {'index': 256 * MIB, 'point': 8192}.get(kind, 16 * MIB), f'{name}: raw size')
        require(header[24:40] == self.id, f'{name}: keyspace')
        owner = self.object_keys['definitions' if kind in ('definitions', 'keyspace') else 'manifest']
        key = hkdf(owner, header[40:72], b'tharsis/v1/object', 32)
        plain = unseal(key, bytes(12), header + name.encode(), data[80:], name)
        return Cbor.decode(decompress(method, plain, raw_size, name)), data

    def file_key(self, epoch, salt):
        return hkdf(self.derive(f'data/{epoch}'), salt, b'tharsis/v1/chunk-file', 32)

    def read_index(self):
        segments = {}
        for name in self.vault.names(f'{self.root}/index'):
            if re.fullmatch('[0-9]{12}', name):
                segments[int(name)], _ = self.open_object('index', f'{self.root}/index/{name}')
        superseded = {number for segment in segments.values() for number in segment.get(2, [])}
        for sequence in sorted(segments.keys() - superseded):
            for file_name, kind, size, salt, epoch, table, *_ in segments[sequence][1]:
                self.add_file(file_name, kind, size, salt, epoch, table)

    def add_file(self, file_name, kind, size, salt, epoch, table):
        extents = parse_table(table)
        self.files[file_name] = {'kind': kind, 'size': size, 'salt': salt, 'epoch': epoch, 'table': table}
        key = self.file_key(epoch, salt)
        for number, (offset, stored_size, _raw_size, blocks) in enumerate(extents):
            for ordinal, (length, block_id) in enumerate(blocks):
                self.blocks.setdefault(block_id, []).append((file_name, key, number, offset, stored_size, ordinal, length))

    def chunk_path(self, file_name):
        name = file_name.hex()
        return f'{self.root}/chunks/{name[:2]}/{name}.tcf'

    def block(self, block_id):
        require(block_id in self.blocks, f'block {block_id.hex()} is in no index segment')
        file_name, key, number, offset, stored_size, ordinal, length = self.blocks[block_id][0]
        if self.opened[:2] != (file_name, number):
            with open(os.path.join(self.vault.folder, self.chunk_path(file_name)), 'rb') as file:
                file.seek(offset)
                data = file.read(24 + stored_size)
            self.opened = (file_name, number, open_extent(key, number, data, self.chunk_path(file_name)))
        data = self.opened[2][ordinal]
        require(len(data) == length, f'block {block_id.hex()}: length')
        require(hmac.new(self.id_key, data, hashlib.sha256).digest() == block_id, f'block {block_id.hex()}: id')
        return data

    # --- lists and entries (trees.md) ---

    def elements(self, reference):
        if reference is None:
            return
        page_id, level, count, size = reference
        require(0 <= level <= 10, 'list: level')
        found = [0, 0]
        for element, element_size in self.page(page_id, level, None):
            found[0] += 1
            found[1] += element_size
            yield element
        require(found == [count, size], f'list: {found} elements and bytes instead of {[count, size]}')

    def page(self, page_id, level, last_key):
        data = self.block(page_id)
        require(len(data) <= 320 * 1024 + 16, 'page: too long')
        found_level, elements = Cbor.decode(data)
        require(found_level == level and 1 <= len(elements) <= 4096, 'page: level or number of elements')
        for element in elements:
            if level == 0:
                yield element, element_size(element)
                continue
            key, child, count, size = element
            sums = [0, 0]
            for below, below_size in self.page(child, level - 1, key):
                sums[0] += 1
                sums[1] += below_size
                yield below, below_size
            require(sums == [count, size], 'page link: sums')
        if level == 0 and last_key and isinstance(elements[-1], dict):
            require(elements[-1][0] == last_key, 'page link: its key is not the last name below')

    def content(self, entry):
        digest = hashlib.sha256()
        size = 0
        content = entry.get(8, {})
        require(not (2 in content and 3 in content), 'content: parts and a list of parts')
        for length, *block_id in content.get(2) or self.elements(content.get(3)):
            if block_id:
                data = self.block(block_id[0])
                require(len(data) == length, 'part: length')
            else:
                data = bytes(length)
            digest.update(data)
            size += length
        require(size == entry[2], 'file: the parts do not add up to its size')
        return digest.hexdigest()

    def walk(self, reference, path, entries):
        """Entries and bytes below, at all depths."""
        count, size = 0, 0
        last_name = None
        for entry in self.elements(reference):
            name = entry[0]
            require(0 < len(name) <= 1024 and name not in (b'.', b'..'), 'entry: name')
            require(b'/' not in name and b'\0' not in name, 'entry: name')
            require(last_name is None or name > last_name, 'directory: names are out of order')
            last_name = name
            where = path + b'/' + name if path else name
            below_count, below_size = self.entry(entry, where, entries)
            count += 1 + below_count
            size += below_size
        return count, size

    def entry(self, entry, path, entries):
        kinds = ['file', 'directory', 'symlink', 'fifo', 'socket', 'character-device', 'block-device']
        kind = kinds[entry[1]]
        posix = entry[7]
        shown = {
            'type': kind,
            'mode': posix[0],
            'uid': posix[1],
            'gid': posix[2],
            'mtimeNs': str(entry[3][0] * 1_000_000_000 + entry[3][1]),
        }
        entries[path.decode('latin1')] = shown
        if 3 in posix:
            shown['xattrs'] = {name.decode('latin1'): value.hex() for name, value in posix[3]}
        if 4 in posix:
            shown['device'] = posix[4]
        if 10 in entry:
            shown['linkGroup'] = '/'.join(str(number) for number in entry[10])
        if 12 in entry:
            shown['origin'] = entry[12][0].decode('latin1')
        if kind == 'symlink':
            shown['target'] = entry[9].decode('latin1')
        if kind == 'file':
            shown['size'] = entry[2]
            shown['sha256'] = self.content(entry)
            shown['splitting'] = {1: 'content', 2: 'fixed'}[entry[8][0]] if 8 in entry else None
            shown['sparse'] = entry.get(8, {}).get(4, False)
            return 0, entry[2]
        if kind != 'directory':
            return 0, 0
        section = entry[11]
        below = self.walk(section.get(0), path, entries)
        require(below == (section[1], section[2]), f'{path!r}: entries and bytes below')
        return below

    # --- points (points.md) ---

    def points(self):
        points = []
        for item in self.vault.names(f'{self.root}/points'):
            folder = f'{self.root}/points/{item}'
            names = self.vault.names(folder)
            for name in names:
                match = re.fullmatch('([0-9]{12})-([0-9a-f]{32})', name)
                if match:
                    points.append(self.point(folder, item, name, f'{name}.ok' in names, match))
        return points

    def point(self, folder, item, name, has_confirmation, match):
        manifest, sealed = self.open_object('point', f'{folder}/{name}')
        require(manifest[1].hex() == match[2] and manifest[4] == int(match[1]), f'{name}: of another point')
        require(manifest[2].hex() == item, f'{name}: of another item')
        if has_confirmation:
            confirmation, _ = self.open_object('confirmation', f'{folder}/{name}.ok')
            require(confirmation[1] == manifest[1], f'{name}: confirms another point')
            require(confirmation[2] == hashlib.sha256(sealed).digest(), f'{name}: confirms other bytes')
        entries = {}
        self.walk(manifest.get(8), b'', entries)
        for chunk_file in self.elements(manifest.get(13)):
            require(chunk_file in self.files, 'point: a chunk file that no segment names')
        return {
            'id': match[2],
            'item': item,
            'itemName': manifest[3],
            'sequence': manifest[4],
            'timeMs': manifest[5],
            'confirmed': has_confirmation,
            'parent': manifest[9][0].hex() if 9 in manifest else None,
            'machine': manifest[10][0],
            'partial': manifest[12],
            'warnings': [[path.decode('latin1'), code] for path, code, *_ in self.elements(manifest.get(14))],
            'entries': entries,
        }

    def check_chunk_files(self):
        """Every chunk file as a whole: name, header, footer, chain of extents, table (chunk-file.md)."""
        for file_name, indexed in self.files.items():
            path = self.chunk_path(file_name)
            data = self.vault.read(path)
            require(hashlib.sha256(data).digest() == file_name, f'{path}: its name is not its SHA-256')
            require(len(data) == indexed['size'], f'{path}: size')
            header, footer = data[:512], data[-512:]
            require(header[:8] == b'THARSISC' and footer[:8] == b'THARSISF', f'{path}: cookies')
            for end in (header, footer):
                require(struct.unpack('<I', end[508:])[0] == crc32c(end[:508]), f'{path}: check sum')
            require(header[8:112] == footer[8:112], f'{path}: footer and header differ')
            version, kind, incompatible, _, epoch = struct.unpack('<HHIII', header[8:24])
            require(version == 1 and incompatible == 0, f'{path}: version or features')
            require((kind, epoch, header[80:112]) == (indexed['kind'], indexed['epoch'], indexed['salt']), f'{path}: index')
            require(header[56:72] == self.id, f'{path}: keyspace')
            table_offset, table_size, extent_count, block_count = struct.unpack('<QIII', footer[112:132])
            require(struct.unpack('<Q', footer[136:144])[0] == len(data), f'{path}: total size')
            require(table_offset + table_size + 512 == len(data), f'{path}: table')
            require(hashlib.sha256(data[:-512]).digest() == footer[144:176], f'{path}: SHA-256 of the footer')
            self.check_extents(path, data, table_offset, extent_count)
            self.check_table(path, data, table_offset, table_size, (extent_count, block_count), indexed)

    def check_extents(self, path, data, table_offset, extent_count):
        at, number = 512, 0
        while at < table_offset:
            found, stored_size, _, _, _ = extent_header(data[at : at + 24], b'TXT1', path)
            require(found == number, f'{path}: number of an extent')
            at += 24 + stored_size
            number += 1
        require(at == table_offset and number == extent_count, f'{path}: chain of extents')

    def check_table(self, path, data, offset, size, counts, indexed):
        header = data[offset : offset + 24]
        number, stored_size, raw_size, method, blocks = extent_header(header, b'TTB1', path)
        require((number, method, blocks) == (0xFFFFFFFF, 0, 0) and size == 24 + stored_size, f'{path}: table header')
        key = self.file_key(indexed['epoch'], indexed['salt'])
        table = unseal(key, nonce_of(number), header + data[8:112], data[offset + 24 : offset + size], path)
        require(len(table) == raw_size and table == indexed['table'], f'{path}: the index has another table')
        require(struct.unpack('<II', table[:8]) == counts, f'{path}: counts of the footer')


def element_size(element):
    if isinstance(element, dict):
        return element.get(2, element[11][2] if 11 in element else 0)
    if isinstance(element, list) and isinstance(element[0], int):
        return element[0]
    return 0


def extent_header(header, magic, path):
    require(len(header) == 24 and header[:4] == magic, f'{path}: magic of an extent')
    number, stored_size, raw_size, method, _, block_count, check = struct.unpack('<IIIBBHI', header[4:])
    require(check == crc32c(header[:20]), f'{path}: check sum of an extent header')
    return number, stored_size, raw_size, method, block_count


def open_extent(key, number, data, path):
    header = data[:24]
    found, stored_size, raw_size, method, block_count = extent_header(header, b'TXT1', path)
    require(found == number and len(data) == 24 + stored_size, f'{path}: extent')
    require(1 <= raw_size <= 4 * MIB and 1 <= block_count <= 4096, f'{path}: sizes of an extent')
    plain = unseal(key, nonce_of(number), header, data[24:], path)
    lengths = struct.unpack(f'<{block_count}I', plain[: 4 * block_count])
    require(all(lengths) and sum(lengths) == raw_size, f'{path}: lengths of blocks')
    raw = decompress(method, plain[4 * block_count :], raw_size, path)
    blocks, at = [], 0
    for length in lengths:
        blocks.append(raw[at : at + length])
        at += length
    return blocks


def parse_table(table):
    extent_count, block_count = struct.unpack('<II', table[:8])
    require(len(table) == 8 + 16 * extent_count + 36 * block_count, 'block table: length')
    lengths_at = 8 + 16 * extent_count
    ids_at = lengths_at + 4 * block_count
    lengths = struct.unpack(f'<{block_count}I', table[lengths_at:ids_at])
    ids = [table[ids_at + 32 * index : ids_at + 32 * index + 32] for index in range(block_count)]
    extents, block, next_offset = [], 0, 512
    for number in range(extent_count):
        offset, stored_size, raw_size, count = struct.unpack_from('<IIII', table, 8 + 16 * number)
        require(offset == next_offset, 'block table: an extent does not follow the one before')
        next_offset = offset + 24 + stored_size
        blocks = list(zip(lengths[block : block + count], ids[block : block + count], strict=True))
        require(all(length for length, _ in blocks), 'block table: a block without a byte')
        require(sum(length for length, _ in blocks) == raw_size, 'block table: raw size')
        extents.append((offset, stored_size, raw_size, blocks))
        block += count
    require(block == block_count, 'block table: number of blocks')
    return extents


def open_keyspace(vault, keyspace, secret):
    folder = f'keyspaces/{keyspace}/keys'
    for name in vault.names(folder):
        master_key = open_slot(vault.read(f'{folder}/{name}'), keyspace, secret, name)
        if master_key is not None:
            return Keyspace(vault, keyspace, master_key)
    return None


def describe(keyspace, vault_file):
    facts, _ = keyspace.open_object('keyspace', f'{keyspace.root}/keyspace')
    require(facts[3] == hashlib.sha256(vault_file).digest(), 'vault.json is not the one that was sealed')
    definitions = [name for name in keyspace.vault.names(f'{keyspace.root}/defs') if re.fullmatch('[0-9]{12}', name)]
    newest, _ = keyspace.open_object('definitions', f'{keyspace.root}/defs/{definitions[-1]}')
    keyspace.read_index()
    keyspace.check_chunk_files()
    return {
        'keyspace': keyspace.id.hex(),
        'machine': facts[1],
        'items': [
            {'id': item[1].hex(), 'name': item[2], 'folders': [folder.decode('latin1') for folder in item[3]]}
            for item in newest[2]
        ],
        'points': keyspace.points(),
    }


def main():
    vault = Vault(sys.argv[1])
    secret = sys.stdin.read().rstrip('\n')
    vault_file = vault.read('vault.json')
    facts = json.loads(vault_file)
    require(facts['product'] == 'tharsis' and facts['formatVersion'] == 1 and facts['features'] == [], 'vault.json')
    keyspaces = [open_keyspace(vault, keyspace, secret) for keyspace in vault.keyspaces()]
    opened = [keyspace for keyspace in keyspaces if keyspace is not None]
    require(opened, 'the secret opens no keyspace')
    document = {'vaultId': facts['vaultId'], 'keyspaces': [describe(keyspace, vault_file) for keyspace in opened]}
    print(json.dumps(document, indent=1))


if __name__ == '__main__':
    try:
        main()
    except Contradiction as error:
        sys.exit(f'{sys.argv[1]}: {error}')
