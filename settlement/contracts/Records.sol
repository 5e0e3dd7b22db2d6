// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/**
 * @notice A record as the settlement needs it: all but its body.
 * @param a Party with the lower address.
 * @param b Party with the higher address.
 * @param seq Number of the record in the pair's chain, from 1.
 * @param start Unix seconds at which the service period starts.
 * @param end Unix seconds at which it ends, after `start`.
 * @param cumA All that a has ever owed b, this record included.
 * @param cumB All that b has ever owed a, this record included.
 * @param bodyHash EIP-712 hashStruct of the record's Body.
 */
struct Head {
    address a;
    address b;
    uint64 seq;
    uint64 start;
    uint64 end;
    uint128 cumA;
    uint128 cumB;
    bytes32 bodyHash;
}

/**
 * @notice What a record is about. It stays off chain unless somebody publishes it.
 * @param salt Random, so that a digest tells nobody what it stands for.
 * @param kind 0 import, 1 export, 2 reward, 3 trade, 4 fee, 5 correction, 6 flexibility ordered by a grid operator.
 * @param payer a or b: who owes the amount.
 * @param time Unix seconds at which the record was proposed.
 * @param wh Energy in Wh; below zero only in corrections.
 * @param amount What the payer owes for this record, in token units.
 * @param prices Hash of the price series, zero where none applies.
 * @param agreement Hash of the agreement between a and b.
 * @param ref Hash of the evidence: meter readings or a trade.
 * @param prev Digest of the record before, zero for the first.
 */
struct Body {
    bytes32 salt;
    uint8 kind;
    address payer;
    uint64 time;
    int64 wh;
    uint128 amount;
    bytes32 prices;
    bytes32 agreement;
    bytes32 ref;
    bytes32 prev;
}

/**
 * @title EIP-712 struct hashes of records
 * @notice A record is signed as `Record(…,Body body)`. EIP-712 nests by hashes, so a record without its body but with the
 * body's hash is enough to compute what was signed.
 */
library Records {
    bytes32 private constant BODY_TYPEHASH = keccak256(
        "Body(bytes32 salt,uint8 kind,address payer,uint64 time,int64 wh,uint128 amount,bytes32 prices,bytes32 agreement,bytes32 ref,bytes32 prev)"
    );
    bytes32 private constant RECORD_TYPEHASH = keccak256(
        "Record(address a,address b,uint64 seq,uint64 start,uint64 end,uint128 cumA,uint128 cumB,Body body)"
        "Body(bytes32 salt,uint8 kind,address payer,uint64 time,int64 wh,uint128 amount,bytes32 prices,bytes32 agreement,bytes32 ref,bytes32 prev)"
    );

    /// @notice hashStruct of the record with this head.
    function hash(Head calldata head) internal pure returns (bytes32) {
        return keccak256(abi.encode(RECORD_TYPEHASH, head));
    }

    /// @notice hashStruct of a body.
    function hash(Body calldata body) internal pure returns (bytes32) {
        return keccak256(abi.encode(BODY_TYPEHASH, body));
    }
}
