// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Body, Head, Records} from "./Records.sol";
import {Registry} from "./Registry.sol";

/**
 * @title The public log of records
 *
 * @notice In each epoch a party binds itself to all its records by one Merkle root over their digests. The records, or
 * their digests alone, are in blobs of the same or of later transactions, in `data`, or wherever `data` says. A forged
 * leaf can move no money: only signed records can be settled.
 *
 * A record that somebody left out, or did not countersign, is published by whoever holds it, on its own.
 */
abstract contract RecordLog is Registry {
    using Records for Head;
    using Records for Body;

    /**
     * @notice The Merkle root over all records of one party in one of its epochs. It never changes.
     * @param root Root of double-hashed leaves of the records' digests. Zero where nothing was committed.
     * @param count How many leaves it has.
     * @param time Unix seconds of the block that took it.
     */
    struct Commitment {
        bytes32 root;
        uint32 count;
        uint64 time;
    }

    /**
     * @notice Where a record is in the log.
     * @param by The party that committed it.
     * @param epoch The epoch of that party.
     * @param proof Sibling hashes from the leaf up.
     */
    struct Inclusion {
        address by;
        uint64 epoch;
        bytes32[] proof;
    }

    /// @notice The service period of a record may end so many seconds after the block's time, for clocks that differ.
    uint256 public constant MAX_AHEAD = 1 hours;

    mapping(address by => uint64) private _epochs;
    mapping(address by => mapping(uint64 epoch => Commitment)) private _commitments;

    /**
     * @notice A party bound itself to all records of an epoch. `blobs` are the versioned hashes of all blobs of this
     * transaction. `data` holds the records or says where they are; it is not interpreted.
     */
    event Committed(address indexed by, uint64 indexed epoch, bytes32 root, uint32 count, bytes32[] blobs, bytes data);
    /// @notice The blobs of this transaction hold more of an epoch's records, or hold them again.
    event BlobsAttached(address indexed by, uint64 indexed epoch, bytes32[] blobs);
    /// @notice A record with its body and the signatures that its sender has; a missing one is empty.
    event Published(address indexed a, address indexed b, uint64 indexed seq, bytes32 digest, Head head, Body body, bytes sigA, bytes sigB);

    /// @notice Only the party itself or its signer may do this.
    error NotParty(address caller, address owner);
    /// @notice Epochs of a party are numbered 1, 2, 3, … and each is committed once.
    error WrongEpoch(uint256 epoch, uint256 expected);
    /// @notice A commitment needs a root and at least one leaf.
    error EmptyCommitment();
    /// @notice The transaction carries another number of blobs than its sender meant.
    error WrongBlobs(uint256 expected, uint256 found);
    /// @notice A service period ends after it starts.
    error BadPeriod(uint256 start, uint256 end);
    /// @notice The service period ends too far in the future.
    error FutureEnd(uint256 end, uint256 latest);
    /// @notice The body is not that of the record.
    error WrongBody(bytes32 bodyHash, bytes32 expected);
    /// @notice A record that nobody has signed.
    error Unsigned();
    /// @notice The record is not in that epoch, or a stranger to it committed the epoch.
    error NotIncluded(address by, uint256 epoch, bytes32 digest);

    /**
     * @notice Binds a party to all records of one epoch, for ever.
     * @param by The party; the caller is its owner or its present signer, and it is not retired.
     * @param epoch The party's own running number, one more than its last.
     * @param root Root of a Merkle tree of double-hashed leaves (OpenZeppelin StandardMerkleTree of `["bytes32"]`).
     * @param count Number of leaves, above zero.
     * @param blobs How many blobs the transaction carries. All are bound.
     * @param data Where the records are published, or the records; only logged.
     */
    function commit(address by, uint64 epoch, bytes32 root, uint32 count, uint256 blobs, bytes calldata data) external {
        _checkCaller(by);
        if (root == bytes32(0) || count == 0) revert EmptyCommitment();
        uint64 expected = _epochs[by] + 1;
        if (epoch != expected) revert WrongEpoch(epoch, expected);
        _epochs[by] = epoch;
        _commitments[by][epoch] = Commitment(root, count, uint64(block.timestamp));
        emit Committed(by, epoch, root, count, _blobHashes(blobs), data);
    }

    /**
     * @notice Binds the blobs of this transaction to an epoch: what did not fit into the transaction that committed it, or
     * the same data again once the network has dropped it.
     * @param by The party; the caller is its owner or its present signer, and it is not retired.
     * @param epoch One that was committed.
     * @param blobs How many blobs the transaction carries, above zero.
     */
    function attachBlobs(address by, uint64 epoch, uint256 blobs) external {
        _checkCaller(by);
        if (epoch == 0 || epoch > _epochs[by]) revert WrongEpoch(epoch, _epochs[by]);
        if (blobs == 0) revert EmptyCommitment();
        emit BlobsAttached(by, epoch, _blobHashes(blobs));
    }

    /**
     * @notice Puts one whole record on chain, as an event: the way out for whoever was left out of the log or waits for the
     * other's signature. Anyone may send it for whoever signed. It pays nothing; a record with both signatures can be settled.
     * @param head The record without its body.
     * @param body Its body.
     * @param sigA Signature of the record for a, or empty.
     * @param sigB The same for b. At least one of the two is there, and what is there counts as in a settlement.
     */
    function publish(Head calldata head, Body calldata body, bytes calldata sigA, bytes calldata sigB) external {
        _checkShape(head);
        bytes32 bodyHash = body.hash();
        if (bodyHash != head.bodyHash) revert WrongBody(bodyHash, head.bodyHash);
        if (sigA.length == 0 && sigB.length == 0) revert Unsigned();
        bytes32 digest_ = _digest(head);
        _checkPublished(head.a, head, digest_, sigA);
        _checkPublished(head.b, head, digest_, sigB);
        emit Published(head.a, head.b, head.seq, digest_, head, body, sigA, sigB);
    }

    /// @notice Whether a record is in an epoch that a party committed. False where there is no such epoch.
    function included(address by, uint64 epoch, bytes32 leafDigest, bytes32[] calldata proof) external view returns (bool) {
        return _included(_commitments[by][epoch].root, leafDigest, proof);
    }

    /// @notice One commitment; all zero where there is none.
    function commitmentOf(address by, uint64 epoch) external view returns (Commitment memory) {
        return _commitments[by][epoch];
    }

    /// @notice Number of a party's newest epoch, 0 before the first.
    function epochOf(address by) external view returns (uint64) {
        return _epochs[by];
    }

    /// @notice What both sides sign: the EIP-712 digest of the record with this head.
    function digest(Head calldata head) external view returns (bytes32) {
        return _digest(head);
    }

    function _digest(Head calldata head) internal view returns (bytes32) {
        return _hashTypedDataV4(head.hash());
    }

    function _checkShape(Head calldata head) internal view {
        _checkOrder(head.a, head.b);
        if (head.start >= head.end) revert BadPeriod(head.start, head.end);
        if (head.end > block.timestamp + MAX_AHEAD) revert FutureEnd(head.end, block.timestamp + MAX_AHEAD);
    }

    /// @dev Unix seconds at which one of the record's own parties logged it.
    function _loggedAt(Head calldata head, Inclusion calldata where) internal view returns (uint256) {
        Commitment memory commitment = _commitments[where.by][where.epoch];
        bytes32 digest_ = _digest(head);
        if ((where.by != head.a && where.by != head.b) || !_included(commitment.root, digest_, where.proof))
            revert NotIncluded(where.by, where.epoch, digest_);
        return commitment.time;
    }

    function _included(bytes32 root, bytes32 leafDigest, bytes32[] calldata proof) private pure returns (bool) {
        if (root == bytes32(0)) return false;
        // Hashed twice, so no inner node can pass for a leaf.
        return MerkleProof.verifyCalldata(proof, root, keccak256(bytes.concat(keccak256(abi.encode(leafDigest)))));
    }

    function _checkCaller(address by) private view {
        Party memory party = _partyOf(by);
        if (msg.sender != by && msg.sender != _signerOf(by)) revert NotParty(msg.sender, by);
        _checkPeriod(by, party, block.timestamp, block.timestamp);
    }

    function _checkPublished(address owner, Head calldata head, bytes32 digest_, bytes calldata signature) private view {
        _checkPeriod(owner, _partyOf(owner), head.start, head.end);
        if (signature.length == 0) return;
        _checkSignature(owner, digest_, signature, head.end, 0);
    }

    /// @dev All blobs of the transaction; a wallet that drops one must not go unnoticed.
    function _blobHashes(uint256 expected) private view returns (bytes32[] memory hashes) {
        uint256 found = 0;
        while (blobhash(found) != 0) found++;
        if (found != expected) revert WrongBlobs(expected, found);
        hashes = new bytes32[](found);
        for (uint256 index = 0; index < found; index++) hashes[index] = blobhash(index);
    }
}
