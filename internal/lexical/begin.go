package lexical

// beginnings is a set of how words begin, in three and in four bytes. It may hold more than was added, never less: most
// words of a message begin like none of ours, and need not be looked up.
type beginnings [1 << 10]uint64

func (b *beginnings) add(word string) {
	for _, n := range []int{3, 4} {
		i, bit := place(word[:min(len(word), n)])
		b[i] |= bit
	}
}

// may reports whether a word may be one that was added, or a form of it: in three bytes where it is short, for its fourth may
// be an ending.
func (b *beginnings) may(word string) bool {
	n := 3
	if len(word) > 5 {
		n = 4
	}
	i, bit := place(word[:min(len(word), n)])
	return b[i]&bit != 0
}

// place is where a beginning has its bit, by a multiplicative hash.
func place(begin string) (index int, bit uint64) {
	h := uint32(0)
	for i := range len(begin) {
		h = h<<8 | uint32(begin[i])
	}
	h = h * 2654435761 >> 16
	return int(h >> 6), 1 << (h & 63)
}
