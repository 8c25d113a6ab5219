// Writes go-lzw.json: what Go's compress/lzw makes of inputs that a test can make too.
//
//	go run go-lzw.go > go-lzw.json
package main

import (
	"bytes"
	"compress/lzw"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"
	"os"
)

type vector struct {
	Kind   string `json:"kind"`
	Size   int    `json:"size"`
	Length int    `json:"length"`
	Crc32  uint32 `json:"crc32"`
	Hex    string `json:"hex,omitempty"`
}

// next is a linear congruential generator, the constants of Numerical Recipes.
func next(state uint32) uint32 { return state*1664525 + 1013904223 }

func input(kind string, size int) []byte {
	data := make([]byte, size)
	state := uint32(size)
	for i := range data {
		state = next(state)
		switch kind {
		case "random":
			data[i] = byte(state >> 24)
		case "sparse":
			if state>>28 == 0 {
				data[i] = byte(state>>20) & 7
			}
		case "letters":
			data[i] = 'a' + byte(state>>24)%4
		case "constant":
			data[i] = 'x'
		}
	}
	return data
}

func main() {
	vectors := []vector{}
	for _, kind := range []string{"random", "sparse", "letters", "constant"} {
		for _, size := range []int{0, 1, 2, 3, 10, 100, 253, 254, 255, 256, 257, 510, 1000, 3800, 3838, 3839, 3840, 3841, 4000, 7676, 7677, 7678, 20000, 100000, 200000} {
			var out bytes.Buffer
			writer := lzw.NewWriter(&out, lzw.LSB, 8)
			writer.Write(input(kind, size))
			writer.Close()
			made := vector{kind, size, out.Len(), crc32.ChecksumIEEE(out.Bytes()), ""}
			if size <= 10 {
				made.Hex = hex.EncodeToString(out.Bytes())
			}
			vectors = append(vectors, made)
		}
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.Encode(vectors)
}
